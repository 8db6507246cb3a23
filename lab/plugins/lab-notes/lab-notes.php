<?php
/**
 * Plugin Name: Lab Notes
 * Description: A plugin that does nothing, so that the lab's sites have one to list and to switch on and off.
 * Version: 1.4.2
 */
